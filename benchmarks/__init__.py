"""What the README's figures are measured with: `make bench`, or `python -m benchmarks --help`."""
