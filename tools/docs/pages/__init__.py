"""The generated pages: one module for a kind of page. Each is a function of the checkout that returns Markdown."""
