class Event:
    # ruleid: money-is-integer
    cost_nanos: float = 0.0
    # ok: money-is-integer
    duration: float = 0.0
    # ok: money-is-integer
    cost: int = 0


def share(event, spend, parts):
    # ruleid: money-is-integer
    first = spend / parts
    # ruleid: money-is-integer
    second = float(event.cost)
    # ok: money-is-integer
    third = spend // parts
    # ok: money-is-integer
    fourth = event.duration / parts
    return first, second, third, fourth


# ruleid: money-is-integer
def charge(spend: float, scope: str) -> None:
    return None
