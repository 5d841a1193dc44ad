/// Conditions for ffmpeg's `select` filter.
enum SelectExpression {
    /// Whether a variable has one of these values, in a tree of comparisons: ffmpeg refuses long sums.
    ///
    /// - Parameter values: rising, one or more.
    static func any(of values: [Int], _ variable: String) -> String { any(of: values[...], variable) }

    private static func any(of values: ArraySlice<Int>, _ variable: String) -> String {
        guard values.count > 4 else { return values.map { "eq(\(variable),\($0))" }.joined(separator: "+") }
        let middle = values.startIndex + values.count / 2
        return
            "if(lt(\(variable),\(values[middle])),\(any(of: values[..<middle], variable)),\(any(of: values[middle...], variable)))"
    }
}
