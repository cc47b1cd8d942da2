"""What must be there before something else works: AWS says so only when a first deploy hangs or answers with errors."""

import pytest

from plan.kit.order import Order
from plan.kit.sessions import RootPlans

SERVICE = "module.compute.aws_ecs_service.gateway"
JWT_RULE = "module.auth.aws_cloudformation_stack.jwt_rule"


@pytest.fixture(scope="module")
def order(root_plans: RootPlans) -> Order:
    return Order(root_plans.workspace())


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        (JWT_RULE, "module.networking.aws_vpc_security_group_egress_rule.jwks"),
        (JWT_RULE, "module.networking.aws_route.nat"),
        (JWT_RULE, "module.networking.aws_route.internet"),
        (SERVICE, "module.networking.aws_route.nat"),
        (SERVICE, "module.networking.aws_route_table_association.private"),
        (SERVICE, "module.networking.aws_vpc_endpoint.gateway"),
        (SERVICE, "module.networking.aws_vpc_endpoint.interface"),
        (SERVICE, "module.networking.aws_vpc_security_group_ingress_rule.endpoints"),
        ("module.networking.aws_lb.this", "module.networking.aws_internet_gateway.this"),
    ],
)
def test_is_there_before_it_is_needed(later: str, earlier: str, order: Order) -> None:
    """A token is checked with keys that the load balancer fetches: through the internet gateway, or through a NAT
    gateway when the load balancer is internal. A task that starts pulls images, reads secrets and sends its logs."""
    assert earlier in order.before(later)
