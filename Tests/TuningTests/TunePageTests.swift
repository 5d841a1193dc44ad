import Foundation
import Testing
import Tuning

@Suite("The tuner's page") struct TunePageTests {
    static func report(model: String = "tiny") throws -> TuneReport {
        func point(_ name: String, _ loss: Double, _ speedup: Double, count: Int = 9) -> [String: Any] {
            var interval: [String: Any] = ["mean": loss, "count": count]
            if count > 1 { interval.merge(["low": loss - 0.5, "high": loss + 0.5]) { $1 } }
            return [
                "title": name, "choices": name == "exact" ? [:] : ["schedule": name], "set": "choice", "loss": interval,
                "seconds": 1 / speedup, "flops": 10.0, "speedup": speedup,
            ]
        }
        let task: [String: Any] = [
            "task": "generation", "base": "euler, 6 points",
            "points": [
                point("exact", 0, 1), point("euler, 6 points", 0.4, 4), point("euler, 3 points", 60, 8, count: 1),
            ],
            "effects": [["knob": "neurons", "option": "FFN -30 %", "loss": 0.2, "seconds": 0.8] as [String: Any]],
            "choices": [
                ["limit": 1, "chosen": point("euler, 6 points", 0.4, 4), "refuted": [] as [Any]] as [String: Any],
                [
                    "limit": 3, "chosen": point("<b>&", 2, 5), "rival": point("euler, 5 points", 1, 4.5),
                    "refuted": [point("euler, 4 points", 8, 6)],
                ] as [String: Any],
            ],
        ]
        let object: [String: Any] = [
            "model": model, "losses": [1, 3], "precision": "bf16", "tasks": [task], "spent": 100.0,
            "changed": [] as [Any],
        ]
        return try JSONDecoder().decode(TuneReport.self, from: JSONSerialization.data(withJSONObject: object))
    }

    @Test("One document that needs nothing else, with every point, knob and choice")
    func page() throws {
        let html = TunePage(try Self.report()).html
        #expect(html.hasPrefix("<!doctype html>") && html.hasSuffix("</html>\n") && !html.contains("<script"))
        #expect(!html.contains("http"))
        #expect(html.contains("At most 1 points: 4.00x as fast, 0.4 points lost [-0.1, 0.9]"))
        #expect(html.contains("Fewer points alone reach 4.50x at 1.0 [0.5, 1.5]"))
        #expect(html.contains("What seemed faster lost 8.0 points [7.5, 8.5] here: euler, 4 points."))
        #expect(html.contains("FFN -30 %") && html.contains("(one sample)") && html.contains("role=\"img\""))
        // What loses far too much is in the table, not in the plot.
        #expect(html.components(separatedBy: "euler, 3 points").count == 2)
    }

    @Test("Names are text, not markup")
    func escaping() throws {
        let html = TunePage(try Self.report(model: "</title><b>x")).html
        #expect(!html.contains("<b>") && html.contains("&lt;b&gt;"))
    }
}
