locals {
  edge_port    = 8080
  gateway_port = 8787
  scanner_port = 8788

  # Agent and edge are one user: the agent writes files with mode 0600 that the edge reads. Portkey and the
  # collector are others: Portkey mounts only the directory `gateway`, where one file is its to append to, the
  # collector none.
  users = {
    agent     = "10001:10001"
    collector = "10002:10002"
    edge      = "10001:10001"
    gateway   = "1000:1000"
  }

  # Volumes live on the task's own disk, encrypted with our key and gone with the task. The image of the agent
  # declares each as a VOLUME owned by its user, mode 0700, but `gateway`, which Portkey reads, 0755: Fargate would
  # otherwise make it root's.
  directories = {
    gateway = "/run/gwctl/gateway"
    secrets = "/run/gwctl/secrets"
    sockets = "/run/gwctl/sockets"
    state   = "/var/lib/gwctl"
    usage   = "/run/gwctl/usage"
    xds     = "/run/gwctl/xds"
  }

  # What the agent writes for the other two to start with.
  bootstrap_path = "${local.directories.xds}/bootstrap.json"
  preload_path   = "${local.directories.gateway}/preload.cjs"

  # What Portkey appends to for the agent. The directory is the agent's: Portkey makes and replaces nothing in it.
  notes_path = "${local.directories.gateway}/notes.jsonl"

  # What every container has. Empty lists are spelt out because ECS adds them, and a plan would show them.
  hardening = {
    for name, user in local.users : name => {
      cpu = 0
      linuxParameters = {
        capabilities       = { add = [], drop = ["ALL"] }
        initProcessEnabled = true
        tmpfs              = [{ containerPath = "/tmp", mountOptions = ["nodev", "noexec", "nosuid"], size = 64 }]
      }
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = var.logs.group_names[name]
          awslogs-region        = var.context.region
          awslogs-stream-prefix = name
          max-buffer-size       = "4m"
          mode                  = "non-blocking"
        }
      }
      name                   = name
      readonlyRootFilesystem = true
      systemControls         = []
      ulimits                = [{ hardLimit = 65535, name = "nofile", softLimit = 65535 }]
      user                   = user
      volumesFrom            = []
    }
  }
}
