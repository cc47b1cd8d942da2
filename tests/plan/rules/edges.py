"""Where requests come in: load balancer, API, security groups, functions."""

from typing import Any, Final

from plan.kit.tfplan import UNKNOWN, Plan, Resource

TLS_POLICIES: Final = frozenset({"ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-3-2021-06"})
_EVERYWHERE: Final = frozenset({"0.0.0.0/0", "::/0"})


def _ingress(plan: Plan) -> list[tuple[Resource, set[Any], Any, Any]]:
    """Every rule that lets something in: (where, ranges, first port, last port)."""
    rules = [
        (each, {each.get("cidr_ipv4"), each.get("cidr_ipv6")}, each.get("from_port"), each.get("to_port"))
        for each in plan.of("aws_vpc_security_group_ingress_rule")
    ]
    for each in plan.of("aws_security_group_rule"):
        ranges = {*(each.get("cidr_blocks") or []), *(each.get("ipv6_cidr_blocks") or [])}
        if each.get("type") == "ingress":
            rules.append((each, ranges, each.get("from_port"), each.get("to_port")))
    for group in plan.of("aws_default_security_group", "aws_security_group"):
        inline = group.get("ingress")
        for rule in [] if inline in (None, UNKNOWN) else inline:
            ranges = {*(rule.get("cidr_blocks") or []), *(rule.get("ipv6_cidr_blocks") or [])}
            rules.append((group, ranges, rule.get("from_port"), rule.get("to_port")))
    return rules


def ingress_from_everywhere_is_web_traffic_to_the_load_balancer(plan: Plan) -> list[str]:
    """Only 80 and 443, one port a rule, only of the load balancer's group."""
    return [
        f"{resource.address}: ports {first} to {last}"
        for resource, ranges, first, last in _ingress(plan)
        if ranges & _EVERYWHERE
        and not (
            resource.type == "aws_vpc_security_group_ingress_rule"
            and "aws_vpc_security_group_ingress_rule.alb[" in resource.address
            and first == last
            and first in (80, 443)
        )
    ]


def tasks_have_no_public_address(plan: Plan) -> list[str]:
    """Neither by the service nor by a subnet."""
    services = [
        service.address
        for service in plan.of("aws_ecs_service")
        if service.block("network_configuration").get("assign_public_ip") is not False
    ]
    return services + [
        subnet.address for subnet in plan.of("aws_subnet") if subnet.get("map_public_ip_on_launch") is not False
    ]


def load_balancers_are_hardened(plan: Plan) -> list[str]:
    """Invalid headers dropped, desynchronised requests refused, access logs kept, streams not cut after a minute."""
    return [
        each.address
        for each in plan.of("aws_lb")
        if each.get("drop_invalid_header_fields") is not True
        or each.get("desync_mitigation_mode") not in ("defensive", "strictest")
        or each.block("access_logs").get("enabled") is not True
        or each.get("idle_timeout") < 300
        or each.get("enable_waf_fail_open") is True
    ]


def load_balancers_reach_the_issuers_keys(plan: Plan) -> list[str]:
    """Over TLS, wherever they are: one that cannot fetch them answers every token with 562. Group ids are unknown, so
    the rule is known by standing in the load balancer's own module."""
    ways = {
        each.module
        for each in plan.of("aws_vpc_security_group_egress_rule")
        if (each.get("cidr_ipv4"), each.get("from_port"), each.get("to_port")) == ("0.0.0.0/0", 443, 443)
    }
    return [each.address for each in plan.of("aws_lb") if each.module not in ways]


def listeners_use_tls_or_redirect_to_it(plan: Plan) -> list[str]:
    """TLS 1.2 with forward secrecy at least."""

    def fine(listener: Resource) -> bool:
        if listener.get("protocol") == "HTTPS":
            return listener.get("ssl_policy") in TLS_POLICIES
        redirect = listener.block("default_action").get("redirect") or [{}]
        return listener.block("default_action").get("type") == "redirect" and redirect[0].get("protocol") == "HTTPS"

    found = [each.address for each in plan.of("aws_lb_listener") if not fine(each)]
    return found + [
        each.address for each in plan.of("aws_api_gateway_domain_name") if each.get("security_policy") != "TLS_1_2"
    ]


def unknown_requests_are_refused(plan: Plan) -> list[str]:
    """What no rule lets through is answered 4xx by the load balancer itself."""

    def fine(listener: Resource) -> bool:
        answer = listener.block("default_action").get("fixed_response") or [{}]
        return str(answer[0].get("status_code")) in ("403", "404")

    return [each.address for each in plan.of("aws_lb_listener") if each.get("protocol") == "HTTPS" and not fine(each)]


def firewall_stands_before_every_entrance(plan: Plan) -> list[str]:
    """As many firewalls, each with a log, as load balancers and API stages."""
    entrances = plan.of("aws_lb", "aws_api_gateway_stage")
    kinds = ("aws_wafv2_web_acl", "aws_wafv2_web_acl_association", "aws_wafv2_web_acl_logging_configuration")
    return [
        f"{len(plan.of(kind))} {kind} for {len(entrances)}" for kind in kinds if len(plan.of(kind)) < len(entrances)
    ]


def admin_methods_need_a_scope(plan: Plan) -> list[str]:
    """Every method of an API has the Cognito authorizer with at least one scope."""
    found: list[str] = []
    for api in plan.of("aws_api_gateway_rest_api"):
        body = api.get("body")
        paths = body["paths"] if isinstance(body, dict) else {}
        for path, methods in paths.items():
            for method, operation in methods.items():
                requirements = operation.get("security") or []
                if not requirements or not all(each.get("cognito") for each in requirements):
                    found.append(f"{api.address}: {method} {path}")
    return found


def policies_of_apis_are_in_their_bodies(plan: Plan) -> list[str]:
    """A new body takes away a policy that is only beside the API (terraform-provider-aws issue 49672)."""
    guarded = {each.module for each in plan.of("aws_api_gateway_rest_api_policy")}
    return [
        api.address
        for api in plan.of("aws_api_gateway_rest_api")
        if api.module in guarded
        and isinstance(body := api.get("body"), dict)
        and not body.get("x-amazon-apigateway-policy")
    ]


def api_bodies_are_not_logged(plan: Plan) -> list[str]:
    """Bodies hold client secrets; requests are throttled, and who called is logged."""
    found = [
        each.address
        for each in plan.of("aws_api_gateway_method_settings")
        if each.block("settings").get("data_trace_enabled") is not False
        or (each.block("settings").get("throttling_rate_limit") or -1) <= 0
    ]
    return found + [each.address for each in plan.of("aws_api_gateway_stage") if not each.block("access_log_settings")]


def functions_are_called_by_the_api_only(plan: Plan) -> list[str]:
    """A permission names the service, the account and the API."""
    return [
        each.address
        for each in plan.of("aws_lambda_permission")
        if each.get("principal") != "apigateway.amazonaws.com"
        or not each.get("source_account")
        or not each.get("source_arn")
        or str(each.get("source_arn")).startswith("*")
    ]
