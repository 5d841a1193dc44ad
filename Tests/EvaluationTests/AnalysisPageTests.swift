import Evaluation
import FlashU
import Foundation
import Testing

/// The page of an analysis: whole, self-contained, and its sentences follow the numbers.
@Suite("Analysis page") struct AnalysisPageTests {
    /// An analysis of `layers` layers with the given signs.
    func analysis(
        model: String = "tiny", both: Double = 0.05, generation: Double = 0.99, understanding: Double = 0.9,
        spearman: Double? = -0.4, layers: Int = 3
    ) throws -> ModelAnalysis {
        let layer: [String: Any] = [
            "both": both, "generationOnly": 0.2 - both, "understandingOnly": 0.2 - both, "neither": 0.6 + both,
            "rankCorrelation": 0.25, "edges": [0.01, 0.1, 1, 10], "generation": [0.2, 0.5, 0.3],
            "understanding": [0.1, 0.1, 0.8],
        ]
        var token: [String: Any] = ["lowNormHalf": 0.6]
        token["spearman"] = spearman
        token["pearson"] = spearman
        token["spearmanDeviation"] = spearman.map { _ in 0.1 }
        let overlap = { (score: String) in
            ["score": score, "width": 100, "critical": 20, "layers": Array(repeating: layer, count: layers)]
                as [String: Any]
        }
        let object: [String: Any] = [
            "settings": [
                "model": model, "precision": "f32", "critical": 0.2, "prompts": 2, "images": 3, "guidance": 3.5,
                "seed": 0,
            ] as [String: Any],
            "neurons": [overlap("wanda"), overlap("reconstruction")],
            "layers": [
                "times": [0, 0.5],
                "generation": Array(repeating: Array(repeating: generation, count: layers), count: 2),
                "understanding": Array(repeating: understanding, count: layers),
            ],
            "tokens": [
                "layers": Array(repeating: token, count: layers), "layer": 1,
                "points": [["norm": 1.5, "attention": 0.5], ["norm": 2.5, "attention": 1.5]],
            ] as [String: Any],
        ]
        return try JSONDecoder().decode(ModelAnalysis.self, from: JSONSerialization.data(withJSONObject: object))
    }

    /// Opening tags that are never closed, or the other way round; void elements of HTML and `<a/>` need no end.
    func unbalanced(_ html: String) -> [String] {
        var open: [String] = []
        for match in html.matches(of: /<(\/?)([a-z][a-z0-9]*)([^<>]*?)(\/?)>/) {
            let (closes, name, selfClosed) = (!match.1.isEmpty, String(match.2), !match.4.isEmpty)
            if selfClosed || name == "meta" { continue }
            if !closes {
                open.append(name)
            } else if open.popLast() != name {
                return open + ["/" + name]
            }
        }
        return open
    }

    @Test("One document, nothing from elsewhere, no script, every plot described", arguments: [1, 3, 40])
    func document(layers: Int) throws {
        let html = AnalysisPage(try analysis(layers: max(2, layers))).html
        #expect(html.hasPrefix("<!doctype html>") && html.contains("</html>"))
        #expect(unbalanced(html) == [])
        for word in ["<script", "http:", "https:", "src=", "href=", "url(", "@import", "nan", "inf\""] {
            #expect(!html.contains(word), "\(word)")
        }
        #expect(html.contains("prefers-color-scheme: dark"))
        let plots = html.components(separatedBy: "<svg").dropFirst()
        // Shares, rankings and distributions of two scores, two of layers, two of tokens.
        #expect(plots.count == 10)
        for plot in plots { #expect(plot.contains("role=\"img\"") && plot.contains("<desc id=")) }
        let ids = html.matches(of: /id="([^"]+)"/).map { String($0.1) }
        #expect(Set(ids).count == ids.count)
    }

    @Test("What a model calls itself is text, not markup")
    func escaping() throws {
        let html = AnalysisPage(try analysis(model: "<script>alert('x')</script> & \"co\"\u{1}")).html
        #expect(!html.contains("<script"))
        #expect(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;co&quot;\u{FFFD}"))
        #expect(unbalanced(html) == [])
    }

    @Test("Sentences follow the numbers")
    func sentences() throws {
        let paper = AnalysisFindings(try analysis()).sentences
        #expect(paper.count == 4)
        #expect(paper[0].contains("serve one task only") && paper[0].contains("share more than by chance"))
        #expect(paper[2].contains("as the paper finds") && paper[3].contains("receive less attention"))
        #expect(paper[3].contains("-0.40") && paper[3].contains("below zero in 3 of 3"))
        let other = AnalysisFindings(try analysis(both: 0.18, generation: 0.8, spearman: 0.4)).sentences
        #expect(other[0].contains("serve both tasks"))
        #expect(other[2].contains("other than the paper finds") && other[3].contains("receive more attention"))
        #expect(AnalysisFindings(try analysis(spearman: 0.05)).sentences[3].contains("no clear relation"))
        #expect(AnalysisFindings(try analysis(both: 0.04)).sentences[0].contains("independent choices would give"))
    }

    @Test("Correlations that are not defined leave a gap, not a number")
    func undefined() throws {
        let analysis = try analysis(spearman: nil)
        #expect(AnalysisFindings(analysis).sentences[3].contains("no correlation is defined"))
        let html = AnalysisPage(analysis).html
        #expect(unbalanced(html) == [] && html.contains("<td>–</td>"))
    }
}
