"""Quality gates: what landed, and what is about to be published, against suites of rules in `suites/`.

`suites` reads the files, `landed` and `published` lay out what the rules look at, `engine` asks Great Expectations,
`gate` decides what has to be looked at and what a failed rule means, `history` keeps the results.
"""
