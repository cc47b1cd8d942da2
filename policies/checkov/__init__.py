"""The house rules for Terraform, as checks of Checkov: `scripts/scan checkov` runs them beside Checkov's own."""

from pathlib import Path

__all__ = [path.stem for path in Path(__file__).parent.glob("[a-z]*.py")]
