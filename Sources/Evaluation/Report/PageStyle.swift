/// The page's look: one column, colours that keep their contrast on white and on black, and that the colour-blind can tell apart.
enum PageStyle {
    static let css = """
        :root { --back: #ffffff; --text: #1c1c1c; --faint: #5c5c5c; --grid: #e3e3e3; --gen: #0b62a8; --und: #c04e00;
          --both: #6a3d9a; --none: #c9c9c9; }
        @media (prefers-color-scheme: dark) {
          :root { --back: #15171a; --text: #e6e6e6; --faint: #a6a6a6; --grid: #33373c; --gen: #62b0f0; --und: #ff9a4d;
            --both: #c39bf0; --none: #4a4e54; } }
        body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 760px; margin: 0 auto; padding: 24px 16px 64px; }
        h1 { font-size: 1.6em; line-height: 1.25; } h2 { font-size: 1.25em; margin: 2em 0 0.4em; }
        figure { margin: 1em 0; overflow-x: auto; } figcaption, summary { color: var(--faint); font-size: 0.9em; }
        svg { display: block; width: 100%; height: auto; min-width: 480px; }
        .finding { border-left: 4px solid var(--both); padding-left: 12px; }
        table { border-collapse: collapse; font-size: 0.85em; font-variant-numeric: tabular-nums; margin: 8px 0; }
        th, td { text-align: right; padding: 2px 10px; border-bottom: 1px solid var(--grid); }
        th:first-child, td:first-child { text-align: left; }
        svg text { font: 12px system-ui, sans-serif; fill: var(--text); } svg .tick { font-size: 11px; fill: var(--faint); }
        svg .heading { font-size: 14px; font-weight: 600; }
        svg .middle { text-anchor: middle; } svg .end { text-anchor: end; }
        .axis, .grid, .reference, .line { fill: none; } .axis { stroke: var(--faint); } .grid { stroke: var(--grid); }
        .reference { stroke: var(--text); stroke-dasharray: 5 4; stroke-width: 1.5; }
        .gen { fill: var(--gen); stroke: var(--gen); } .und { fill: var(--und); stroke: var(--und); }
        .both { fill: var(--both); stroke: var(--both); } .none { fill: var(--none); stroke: var(--none); }
        rect { stroke: none !important; } path.line { fill: none; stroke-width: 2; }
        .band { fill-opacity: 0.18; stroke: none; } .area { fill-opacity: 0.25; stroke-width: 1.5; }
        .dot { fill-opacity: 0.55; stroke: none; }
        """
}
