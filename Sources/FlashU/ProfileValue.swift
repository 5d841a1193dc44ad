/// A field's value.
enum ProfileValue: Codable {
    case whole(Int)
    case large(UInt64)
    case number(Double)
    case name(String)

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let whole = try? value.decode(Int.self) {
            self = .whole(whole)
        } else if let large = try? value.decode(UInt64.self) {
            self = .large(large)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else {
            self = .name(try value.decode(String.self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .whole(let whole): try value.encode(whole)
        case .large(let large): try value.encode(large)
        case .number(let number): try value.encode(number)
        case .name(let name): try value.encode(name)
        }
    }

    /// As it is written.
    var text: String {
        switch self {
        case .whole(let whole): "\(whole)"
        case .large(let large): "\(large)"
        case .number(let number): "\(number)"
        case .name(let name): name
        }
    }
}
