"""From a plan to a gateway that serves: built, applied, awaited, tried."""
