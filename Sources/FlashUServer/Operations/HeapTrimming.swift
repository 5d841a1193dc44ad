import Compute
import ServiceLifecycle

/// Gives the system back, every few seconds, what requests have freed: a server runs for weeks, and what its heaps once held between two things that stay
/// would be kept for as long.
struct HeapTrimming: Service {
    var interval: Duration = .seconds(10)

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: interval)
                SystemMemory.trimHeaps()
            }
        }
    }
}
