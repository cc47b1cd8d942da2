locals {
  gateway = merge(local.hardening.gateway, {
    # The configuration of a route travels in one header, larger than Node's own limit of 16 KiB.
    # What is loaded first binds it to loopback and makes a provider's redirect an error.
    command = [
      "--require", local.preload_path,
      "--max-http-header-size=65536",
      "/app/build/start-server.js", "--headless", "--port=${local.gateway_port}",
    ]
    dependsOn = [{ condition = "HEALTHY", containerName = "agent" }]
    # Portkey signs with what the agent gives it: it is not told where the task's own credentials can be had.
    entryPoint = ["/usr/bin/env", "-u", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "node"]
    environment = concat(
      [
        { name = "GWCTL_GATEWAY_NOTES", value = local.notes_path },
        { name = "NODE_ENV", value = "production" },
      ],
      length(var.task.trusted_custom_hosts) == 0 ? [] : [
        { name = "TRUSTED_CUSTOM_HOSTS", value = join(",", var.task.trusted_custom_hosts) },
      ],
    )
    essential = true
    healthCheck = {
      command = [
        "CMD", "node", "-e",
        "fetch('http://127.0.0.1:${local.gateway_port}/').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))",
      ]
      interval    = 10
      retries     = 3
      startPeriod = 30
      timeout     = 5
    }
    image        = var.images.gateway
    mountPoints  = [{ containerPath = local.directories.gateway, readOnly = false, sourceVolume = "gateway" }]
    portMappings = []
    stopTimeout  = 120
  })
}
