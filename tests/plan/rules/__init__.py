"""Security facts that hold in every plan.

A rule takes a plan and returns what breaks it, in words; nothing means that all is well.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from plan.kit.tfplan import Plan
from plan.rules import containers, edges, identity, logs, storage

Rule: TypeAlias = Callable[[Plan], list[str]]

ALL: Final[tuple[Rule, ...]] = (
    containers.capabilities_are_dropped,
    containers.images_are_pinned,
    containers.nobody_is_root,
    containers.nobody_opens_a_shell,
    containers.provider_keys_are_not_in_the_environment,
    containers.repositories_are_immutable_and_scanned,
    containers.root_file_systems_are_read_only,
    edges.admin_methods_need_a_scope,
    edges.api_bodies_are_not_logged,
    edges.firewall_stands_before_every_entrance,
    edges.functions_are_called_by_the_api_only,
    edges.ingress_from_everywhere_is_web_traffic_to_the_load_balancer,
    edges.listeners_use_tls_or_redirect_to_it,
    edges.load_balancers_are_hardened,
    edges.load_balancers_reach_the_issuers_keys,
    edges.policies_of_apis_are_in_their_bodies,
    edges.tasks_have_no_public_address,
    edges.unknown_requests_are_refused,
    identity.clients_are_machines,
    identity.identity_policies_name_their_resources,
    identity.no_action_is_a_wildcard,
    identity.nobody_is_allowed_everything_by_negation,
    identity.resources_are_not_public,
    identity.roles_trust_services_only,
    logs.log_groups_are_encrypted,
    logs.log_groups_keep_their_logs,
    logs.networks_keep_flow_logs,
    storage.buckets_are_encrypted,
    storage.buckets_are_private,
    storage.buckets_are_versioned,
    storage.buckets_refuse_plain_http_and_old_tls,
    storage.keys_rotate,
    storage.queues_topics_and_streams_are_encrypted,
    storage.secrets_have_no_value_in_the_plan,
    storage.tables_are_encrypted_and_recoverable,
)
