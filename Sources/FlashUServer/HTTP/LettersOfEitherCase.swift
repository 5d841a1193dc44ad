extension String.UTF8View {
    /// Whether a text begins with another, which is in small ASCII letters, be its own letters small or not.
    func begin(with beginning: String) -> Bool {
        prefix(beginning.utf8.count).elementsEqual(beginning.utf8) { $0 | 0x20 == $1 || $0 == $1 }
    }
}
