"""`python -m satsuma`."""

from __future__ import annotations

from satsuma.cli.main import main

if __name__ == "__main__":
    main()
