locals {
  # With the seconds that Envoy needs to end, 120 is Fargate's maximum.
  edge_drain_seconds = 110

  edge = merge(local.hardening.edge, {
    command = [
      "--config-path", local.bootstrap_path,
      "--component-log-level", "misc:error", # pinned: what is not stable upstream need not be said at every start
      "--concurrency", tostring(max(1, floor(var.task.cpu / 1024))),
      "--disable-hot-restart",
      "--file-flush-interval-msec", "200",
      "--log-level", "warning",
      "--reject-unknown-dynamic-fields",
    ]
    dependsOn = [
      { condition = "HEALTHY", containerName = "agent" },
      { condition = "HEALTHY", containerName = "gateway" },
    ]
    entryPoint  = ["/bin/bash", "-c", file("${path.module}/edge.sh"), "edge", tostring(local.edge_port), tostring(local.edge_drain_seconds)]
    environment = []
    essential   = true
    # Envoy's image has no HTTP client, but a shell that can open a connection.
    healthCheck = {
      command = [
        "CMD", "/bin/bash", "-c",
        "exec 3<>/dev/tcp/127.0.0.1/${local.edge_port} && printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r line <&3 && [[ $line == *' 200 '* ]]",
      ]
      interval    = 10
      retries     = 3
      startPeriod = 30
      timeout     = 5
    }
    image = var.images.edge
    mountPoints = [
      { containerPath = local.directories.secrets, readOnly = true, sourceVolume = "secrets" },
      { containerPath = local.directories.sockets, readOnly = false, sourceVolume = "sockets" },
      { containerPath = local.directories.usage, readOnly = false, sourceVolume = "usage" },
      { containerPath = local.directories.xds, readOnly = true, sourceVolume = "xds" },
    ]
    portMappings = [{ containerPort = local.edge_port, hostPort = local.edge_port, protocol = "tcp" }]
    # ECS takes the task out of the load balancer and waits for its draining before it stops the edge, so this
    # comes on top of it. It stops Portkey and the agent, which the edge depends on, when the edge has ended.
    stopTimeout = local.edge_drain_seconds + 10
  })
}
