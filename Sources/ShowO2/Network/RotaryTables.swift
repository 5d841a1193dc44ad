import Compute
import Synchronization

/// A stack's rotary table, grown as longer sequences come.
final class RotaryTables: Sendable {
    private let inverseFrequencies: [Double]
    private let table: Mutex<RotaryTable>

    init(inverseFrequencies: [Double], positions: Int) {
        self.inverseFrequencies = inverseFrequencies
        table = Mutex(RotaryTable(inverseFrequencies: inverseFrequencies, positions: positions))
    }

    /// A table that covers the positions of `rows`.
    func covering(_ rows: RowLayout) -> RotaryTable {
        let needed = 1 + Int(rows.positions.max() ?? 0)
        return table.withLock { table in
            if table.positions < needed {
                table = RotaryTable(inverseFrequencies: inverseFrequencies, positions: max(needed, 2 * table.positions))
            }
            return table
        }
    }
}
