import Hummingbird

extension APIService {
    /// The web page. It holds no secret, so nobody needs a key to load it.
    var pageRoutes: [Route] {
        guard settings.servesPage else { return [] }
        return PageFiles.texts.map { name, text in
            let file = PageFile(name: name, text: text)
            return Route(method: .get, path: file.path, isPublic: true, isOfAPI: false) { request, _ in
                file.response(to: request)
            }
        }
    }
}
