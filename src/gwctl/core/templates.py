"""Jinja for text files. In: the package that has templates/. Out: their environment: an undefined name is an error."""

from jinja2 import Environment, PackageLoader, StrictUndefined


def text_templates(package: str, *, trim: bool = True) -> Environment:
    """Templates of YAML, Markdown or Terraform: nothing is escaped. `trim`: lines with blocks alone leave nothing."""
    return Environment(  # nosec B701 # not HTML
        loader=PackageLoader(package),
        undefined=StrictUndefined,
        trim_blocks=trim,
        lstrip_blocks=trim,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - not HTML
    )
