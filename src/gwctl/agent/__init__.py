"""The agent: one small asyncio process beside each edge.

In: the policy snapshot and the edge's usage log. Out: Envoy's dynamic configuration as files, and priced usage
events. It is never on the path of a request that no quota covers.
"""
