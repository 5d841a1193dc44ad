import Synchronization

/// Bounds the bytes of all bodies that are on their way at one time: each may be large, and there may be as many as there are connections.
final class UploadBudget: Sendable {
    private let left: Mutex<Int>

    /// - Parameter bytes: of all bodies together.
    init(bytes: Int) { left = Mutex(bytes) }

    /// What one body takes, which it gives back when the last reference to it goes.
    final class Share: Sendable {
        private let budget: UploadBudget
        private let taken = Mutex(0)

        fileprivate init(_ budget: UploadBudget) { self.budget = budget }

        deinit { budget.left.withLock { $0 += taken.withLock { $0 } } }

        /// Takes more.
        /// - Throws: ``APIError`` 503 when there is no more.
        func take(_ bytes: Int) throws(APIError) {
            let isThere = budget.left.withLock { left in
                guard bytes <= left else { return false }
                left -= bytes
                return true
            }
            guard isThere else {
                throw .unavailable(
                    "the bodies of other requests take all the room that there is", code: "uploads_full",
                    retryAfter: 5
                ).leavingBody
            }
            taken.withLock { $0 += bytes }
        }
    }

    /// A share of nothing yet.
    func share() -> Share { Share(self) }
}
