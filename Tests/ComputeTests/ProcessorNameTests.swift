import Testing

import Compute

@Suite struct ProcessorNameTests {
    @Test func ofX86() {
        let text = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC: 9R45\n"
        #expect(Machine.processor(text) == "AMD EPYC: 9R45")
    }

    @Test(arguments: [("0xd40", "Arm Neoverse V1"), ("0xfff", "ARM64 processor 0x41 0xfff")])
    func ofARM(part: String, name: String) {
        let text = "processor\t: 0\nBogoMIPS\t: 2100.00\nCPU implementer\t: 0x41\nCPU part\t: \(part)\n"
        #expect(Machine.processor(text) == name)
    }

    @Test func unknown() {
        #expect(Machine.processor("") == "unknown processor")
    }
}
