"""The ledger, first part: what a request cost, to the token. Pure, no I/O.

In: lines of the edge's usage log, and prices. Out: priced usage events.

    wire        which JSON paths the edge reads out of requests and answers
    usage_line  a line of the usage log → `UsageLine`
    normalise   what was read out of an answer → tokens, whatever the wire shape and whoever served it
    estimate    tokens from bytes, for answers that were cut or carry no usage
    prices      tokens → nano-dollars
    metering    all of it together: `UsageLine` → `UsageEvent`
"""
