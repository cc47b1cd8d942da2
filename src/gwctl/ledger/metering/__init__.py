"""Metering: a line of the usage log becomes a priced usage event, exact to the token. Pure.

normalise   what was read out of an answer → tokens, whatever the wire shape and whoever served it
estimate    tokens from bytes, for answers that were cut or carry no usage
price_line  both, and the price: `UsageLine` → `UsageEvent`
"""
