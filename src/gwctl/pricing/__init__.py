"""Prices of models in nano-dollars, and how many tokens a model takes. Pure."""
