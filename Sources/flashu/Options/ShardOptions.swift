public import ArgumentParser
public import Sets

/// Options of commands whose work can be shared among machines.
struct ShardOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only a share of the work, i of n: 0/4 ... 3/4, or 1/4 ... 4/4. $SLURM_ARRAY_TASK_ID and $JOB_COMPLETION_INDEX fit as i. (default: all)",
            valueName: "i/n"))
    var shard: Shard = .all
}

extension Shard: ExpressibleByArgument {
    /// `i/n`.
    public init?(argument: String) { self.init(argument) }
}
