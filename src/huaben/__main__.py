"""`python -m huaben`."""

from huaben.cli import main

main()
