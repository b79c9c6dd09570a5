"""A slow second implementation of every metric definition, in plain Python.

The SQL models are property-tested against it. It is written to be read beside the definitions:
each function quotes the sentences it implements. No SQL, no arrays, no cleverness.
"""
