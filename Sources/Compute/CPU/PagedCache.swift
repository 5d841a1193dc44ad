internal import CKernels
import Tensors

/// Keys and values in pages of `CK_PAGE` slots, of activation type; see `ck_page`. Forks share pages; whoever writes to a shared one copies it.
final class PagedCache: KeyValueCache {
    /// The keys, then the values, of one page.
    final class Page {
        let memory: Tensor

        init(elements: Int, dtype: DType) { memory = Tensor(zeros: [elements], dtype: dtype) }

        init(copying other: Page) {
            memory = Tensor(zeros: other.memory.shape, dtype: other.memory.dtype)
            memory.copy(from: other.memory)
        }
    }

    let geometry: AttentionGeometry
    let dtype: DType
    private var pages: [Page]
    private var addresses: [ck_page]

    init(_ geometry: AttentionGeometry, dtype: DType) {
        self.geometry = geometry
        self.dtype = dtype
        pages = []
        addresses = []
    }

    private init(sharing other: PagedCache) {
        (geometry, dtype) = (other.geometry, other.dtype)
        (pages, addresses) = (other.pages, other.addresses)
    }

    var slots: Int { pages.count * KeyValuePages.slots }
    var byteCount: Int { pages.reduce(0) { $0 + $1.memory.byteCount } }

    func fork() -> any KeyValueCache { PagedCache(sharing: self) }

    func truncate(to slots: Int) {
        let kept = min(pages.count, (max(0, slots) + KeyValuePages.slots - 1) / KeyValuePages.slots)
        pages.removeLast(pages.count - kept)
        addresses.removeLast(addresses.count - kept)
    }

    func visitBlocks(_ visit: (ObjectIdentifier, Int) -> Void) {
        for page in pages { visit(ObjectIdentifier(page), page.memory.byteCount) }
    }

    /// Makes the page of `slot` exist, and be this cache's alone.
    func own(page index: Int) {
        while pages.count <= index {
            let page = Page(elements: keyElements + valueElements, dtype: dtype)
            pages.append(page)
            addresses.append(address(of: page))
        }
        if !isKnownUniquelyReferenced(&pages[index]) {
            pages[index] = Page(copying: pages[index])
            addresses[index] = address(of: pages[index])
        }
    }

    /// The pages' addresses, valid while the cache is not written to.
    func withAddresses<Result>(_ body: (UnsafePointer<ck_page>?) -> Result) -> Result {
        addresses.withUnsafeBufferPointer { body($0.baseAddress) }
    }

    private var keyElements: Int { geometry.keyValueHeads * KeyValuePages.slots * ((geometry.headDim + 1) / 2 * 2) }
    private var valueElements: Int {
        let panel = Int(CK_PANEL)
        return geometry.keyValueHeads * KeyValuePages.slots * ((geometry.headDim + panel - 1) / panel * panel)
    }

    private func address(of page: Page) -> ck_page {
        let base = page.memory.pointer
        return ck_page(keys: base, values: base + keyElements * dtype.size)
    }
}
