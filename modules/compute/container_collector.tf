locals {
  collector = merge(local.hardening.collector, {
    command    = []
    dependsOn  = []
    entryPoint = ["/awscollector"]
    environment = [
      { name = "AOT_CONFIG_CONTENT", value = file("${path.module}/files/collector.yaml") },
      { name = "AWS_REGION", value = var.context.region },
      { name = "GWCTL_DEPLOYMENT", value = var.context.name },
      { name = "GWCTL_METRICS_LOG_GROUP", value = var.logs.group_names["collector"] },
      { name = "GWCTL_METRICS_NAMESPACE", value = var.logs.metrics_namespace },
    ]
    # Requests are served without metrics rather than not at all: the collector is restarted by itself.
    essential = false
    healthCheck = {
      command     = ["CMD", "/healthcheck"]
      interval    = 10
      retries     = 3
      startPeriod = 30
      timeout     = 5
    }
    image         = var.images.collector
    memory        = 256
    mountPoints   = []
    portMappings  = []
    restartPolicy = { enabled = true, ignoredExitCodes = [], restartAttemptPeriod = 60 }
    stopTimeout   = 30
  })
}
