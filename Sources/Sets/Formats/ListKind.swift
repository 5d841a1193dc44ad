import Tensors

/// What a list looks like, told by its beginning, to say so where it is not what the format needs.
enum ListKind: String {
    case geneval = "GenEval's metadata (JSON lines with \"tag\" and \"include\")"
    case dpgList = "DPG-Bench's prompts (a JSON list with \"prompt_file_name\")"
    case dpgTable = "DPG-Bench's table (CSV with \"item_id\" and \"text\")"
    case wise = "WISE's prompts (a JSON list with \"Prompt\" and \"prompt_id\")"
    case prompts = "JSON lines with \"prompt\""
    case questions = "JSON lines with \"question\", as flashu ask-set takes"
    case text = "plain text, a prompt a line"

    /// The formats that take such a list.
    var formats: [String] {
        switch self {
        case .geneval: ["geneval", "folder"]
        case .dpgList, .dpgTable: ["dpg"]
        case .wise: ["wise"]
        case .prompts: ["folder"]
        case .questions: []
        case .text: ["t2i-compbench"]
        }
    }

    init?(_ file: ListFile) {
        guard let text = try? file.text(), let lines = try? file.lines(), let first = lines.first else { return nil }
        switch first.text.first {
        case "[":
            guard case .array(let entries)? = try? file.value(), case .object(let entry)? = entries.first else {
                return nil
            }
            if entry["prompt_file_name"] != nil {
                self = .dpgList
            } else if entry["prompt_id"] != nil || entry["Prompt"] != nil {
                self = .wise
            } else {
                return nil
            }
        case "{":
            guard let entry = try? file.object(first) else { return nil }
            if entry["tag"] != nil, entry["prompt"] != nil {
                self = .geneval
            } else if entry["question"] != nil || entry["questions"] != nil {
                self = .questions
            } else if entry["prompt"] != nil {
                self = .prompts
            } else {
                return nil
            }
        default:
            let header = first.text.lowercased()
            if header.hasPrefix("item_id,") || header.contains(",item_id,") {
                self = .dpgTable
            } else if text.utf8.contains(0) {
                return nil
            } else {
                self = .text
            }
        }
    }
}
