"""What tests have measured, to be read at the end of a run: `measured.LINES.append("3 s  gwctl plan local")`."""

LINES: list[str] = []
