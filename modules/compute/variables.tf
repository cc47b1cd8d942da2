variable "context" {
  description = "Where this is built: account, region and the name that every resource name starts with. `emulated` leaves out what the emulated AWS cannot do."
  type = object({
    account_id = string
    emulated   = optional(bool, false)
    name       = string
    region     = string
  })
  nullable = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.context.account_id))
    error_message = "context.account_id must be the 12 digits of the AWS account, as a string: quote it, leading zeros count."
  }
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.context.name))
    error_message = "context.name must be 3 to 20 lower-case letters, digits and hyphens, starting with a letter: AWS limits names of load balancers and buckets."
  }
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.context.region))
    error_message = "context.region must be the code of an AWS region, for example eu-central-1."
  }
}

variable "deletion_protection" {
  description = "Whether repositories with images stay and deleted secrets can be recovered for 30 days."
  type        = bool
  default     = true
  nullable    = false
}

variable "identity" {
  description = "Whose tokens the edge accepts, with which scope, and where their keys are."
  type = object({
    invoke_scope = optional(string, "gateway/invoke")
    issuer       = string
    jwks_url     = string
  })
  nullable = false
}

variable "images" {
  description = "Images of the four containers, each by digest. `edge` is Envoy's image with a shell (not distroless): its health check needs one."
  type = object({
    agent     = string
    collector = string
    edge      = string
    gateway   = string
  })
  nullable = false

  validation {
    condition     = alltrue([for image in values(var.images) : can(regex("@sha256:[0-9a-f]{64}$", image))])
    error_message = "An image in images is not pinned: a tag can be moved to other content. Write repository@sha256:<64 hex digits>, as `docker buildx imagetools inspect` shows it."
  }
}

variable "logs" {
  description = "Log groups by container, the key of the cluster's own group, its retention, the CloudWatch namespace of the metrics, and what share of the requests is traced."
  type = object({
    group_names       = map(string)
    kms_key_arn       = string
    metrics_namespace = string
    retention_days    = optional(number, 365)
    trace_share       = optional(number, 0.05)
  })
  nullable = false
}

variable "network" {
  description = "Where the tasks run and who sends to them."
  type = object({
    alb_arn_suffix          = string
    alb_security_group_id   = string
    private_subnets         = map(string)
    target_group_arn        = string
    target_group_arn_suffix = string
    vpc_id                  = string
  })
  nullable = false
}

variable "providers_access" {
  description = "What tasks may use at providers: Bedrock models by ARN, and the ids of providers whose key is in Secrets Manager."
  type = object({
    bedrock_model_arns = optional(list(string), [])
    secrets            = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for id in var.providers_access.secrets : can(regex("^[a-z0-9][a-z0-9-]{0,62}$", id))])
    error_message = "providers_access.secrets must hold provider ids: lower-case letters, digits and hyphens. Rename the one that is not."
  }
  validation {
    condition     = alltrue([for arn in var.providers_access.bedrock_model_arns : can(regex("^arn:[a-z-]+:bedrock:[a-z0-9*-]*:[0-9]*:(foundation-model|inference-profile|application-inference-profile)/.+$", arn)) && !endswith(arn, "/*")])
    error_message = "providers_access.bedrock_model_arns must name models or inference profiles, arn:aws:bedrock:<region>::foundation-model/<model>; a bare /* would allow all of them: name the ones that routes use."
  }
}

variable "scaling" {
  description = "Number of tasks, and when there should be more: CPU in percent, requests a minute and task."
  type = object({
    cpu_percent       = optional(number, 60)
    maximum           = optional(number, 10)
    minimum           = optional(number, 2)
    requests_per_task = optional(number, 6000)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.scaling.minimum >= 1 && var.scaling.minimum <= var.scaling.maximum
    error_message = "scaling.minimum must be at least 1 and not above scaling.maximum: raise the maximum or lower the minimum."
  }
  validation {
    condition     = var.scaling.cpu_percent >= 10 && var.scaling.cpu_percent <= 90
    error_message = "scaling.cpu_percent must be 10 to 90: outside of it the number of tasks never settles."
  }
}

variable "stores" {
  description = "What the agent reads and writes: tables by short name, the snapshot bucket, the key of both, the audit stream, the topic for budget notifications."
  type = object({
    audit_stream            = object({ arn = string, name = string })
    kms_key_arn             = string
    notifications_topic_arn = string
    snapshot_bucket         = object({ arn = string, name = string })
    tables                  = map(object({ arn = string, name = string }))
  })
  nullable = false
}

variable "task" {
  description = "Size of a task: CPU units (1024 is one), MiB of memory, GiB of disk. `trusted_custom_hosts` are private host names that Portkey may call as providers."
  type = object({
    architecture         = optional(string, "ARM64")
    cpu                  = optional(number, 2048)
    disk_gib             = optional(number, 21)
    memory               = optional(number, 4096)
    trusted_custom_hosts = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["ARM64", "X86_64"], var.task.architecture)
    error_message = "task.architecture must be ARM64 or X86_64."
  }
  validation {
    condition = contains(lookup({
      "512"   = range(1024, 4097, 1024)
      "1024"  = range(2048, 8193, 1024)
      "2048"  = range(4096, 16385, 1024)
      "4096"  = range(8192, 30721, 1024)
      "8192"  = range(16384, 61441, 4096)
      "16384" = range(32768, 122881, 8192)
    }, tostring(var.task.cpu), []), var.task.memory)
    error_message = "Fargate has no task with this task.cpu and task.memory. Memory must be two to eight times the CPU units: 512 with 1024 to 4096, 1024 with 2048 to 8192, 2048 with 4096 to 16384, 4096 with 8192 to 30720, in steps of 1024; 8192 with 16384 to 61440 in steps of 4096; 16384 with 32768 to 122880 in steps of 8192."
  }
  validation {
    condition     = var.task.disk_gib >= 21 && var.task.disk_gib <= 200
    error_message = "task.disk_gib must be 21 to 200: Fargate offers no other size."
  }
}

variable "wait_for_steady_state" {
  description = "Whether an apply ends only when the new tasks serve. `gwctl deploy` waits by itself and shows why it takes long."
  type        = bool
  default     = false
  nullable    = false
}
