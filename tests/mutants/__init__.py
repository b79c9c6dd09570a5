"""Mutation check of the models: break the SQL in one named way, and see which test notices.

`catalogue/*.yml` holds the mutants; adding one is adding four lines there. `make mutants` runs them
all and writes docs/mutants.md.
"""
