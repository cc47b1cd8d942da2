"""The edge's usage log → priced usage events, each line exactly once, however often the agent is killed."""
