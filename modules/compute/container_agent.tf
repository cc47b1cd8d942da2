locals {
  otlp_endpoint = "http://127.0.0.1:4318" # the collector's, see files/collector.yaml

  # Everything the agent is told, as one JSON document; nothing in it is secret. Its fields are those of
  # gwctl.agent.settings.AgentSettings, which refuses others.
  agent_settings = {
    audit_stream     = var.stores.audit_stream.name
    bedrock_role_arn = local.bedrock_role_arn
    bootstrap_path   = local.bootstrap_path
    deployment       = var.context.name
    edge = {
      admin_socket   = "${local.directories.sockets}/envoy.sock"
      ca_bundle      = "/etc/ssl/certs/ca-certificates.crt"
      deployment     = var.context.name
      gateway_host   = "127.0.0.1"
      gateway_ports  = [local.gateway_port]
      invoke_scope   = var.identity.invoke_scope
      issuer         = var.identity.issuer
      jwks_url       = var.identity.jwks_url
      listen_host    = "0.0.0.0"
      listen_port    = local.edge_port
      log_requests   = true # what the saved queries of modules/observability read
      reserve_socket = "${local.directories.sockets}/agent.sock"
      scanner_port   = local.scanner_port
      secrets_dir    = local.directories.secrets
      trace_endpoint = local.otlp_endpoint
      trace_share    = var.logs.trace_share
      trusted_hops   = 1
      usage_log      = "${local.directories.usage}/usage.log"
      xds_dir        = local.directories.xds
    }
    ephemeral               = true # the task's disk goes with it
    gateway_notes_path      = local.notes_path
    gateway_preload_path    = local.preload_path
    notifications_topic_arn = var.stores.notifications_topic_arn
    otlp_endpoint           = local.otlp_endpoint
    provider_secrets        = { for id, secret in aws_secretsmanager_secret.provider : id => secret.name }
    region                  = var.context.region
    snapshot                = { bucket = var.stores.snapshot_bucket.name, key = "current.json" }
    state_dir               = local.directories.state
    status_path             = "${local.directories.state}/status.json"
    tables                  = { for key, table in var.stores.tables : key => table.name }
  }

  agent = merge(local.hardening.agent, {
    command     = []
    dependsOn   = [{ condition = "START", containerName = "collector" }]
    entryPoint  = ["python", "-P", "-m", "gwctl.agent"]
    environment = [{ name = "GWCTL_AGENT_SETTINGS", value = jsonencode(local.agent_settings) }]
    essential   = true
    # The agent writes its status when the edge and Portkey have what they start with.
    healthCheck = {
      command     = ["CMD", "python", "-c", "import os, sys; sys.exit(not os.path.exists('${local.agent_settings.status_path}'))"]
      interval    = 5
      retries     = 3
      startPeriod = 60
      timeout     = 5
    }
    image = var.images.agent
    mountPoints = [
      for volume in ["gateway", "secrets", "sockets", "state", "usage", "xds"] :
      { containerPath = local.directories[volume], readOnly = false, sourceVolume = volume }
    ]
    portMappings = []
    # After the edge has gone: settle what is open, send what is queued, return the leases.
    stopTimeout = 120
  })
}
