variable "account_id" {
  description = "AWS account that this may be built in, and no other."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be the 12 digits of the AWS account, as a string: quote it, leading zeros count."
  }
}

variable "admin_api" {
  description = "The admin API: reached through the VPC only (`private`) or from `allowed_cidrs`; how much it takes."
  type = object({
    allowed_cidrs = optional(list(string), [])
    private       = optional(bool, false)
    throttle = optional(object({
      burst                = optional(number)
      requests_per_address = optional(number)
      requests_per_second  = optional(number)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.emulated || var.admin_api.private || length(var.admin_api.allowed_cidrs) > 0
    error_message = "The admin API would be reachable from everywhere: set admin_api.private = true, or list your networks in admin_api.allowed_cidrs."
  }
  validation {
    condition     = !contains(var.admin_api.allowed_cidrs, "0.0.0.0/0") || !var.production
    error_message = "admin_api.allowed_cidrs of a production holds 0.0.0.0/0, which is everybody: list your networks instead."
  }
  validation {
    condition     = !var.admin_api.private || try(var.domain.admin, null) == null
    error_message = "A private admin API has no public host name: remove domain.admin, or set admin_api.private = false."
  }
}

variable "alb" {
  description = "The load balancer; see modules/networking. Give certificate_arn, or domain, which makes one."
  type = object({
    certificate_arn      = optional(string)
    drain_seconds        = optional(number)
    idle_timeout_seconds = optional(number)
    ingress_cidrs        = optional(list(string))
    internal             = optional(bool, false)
    tls_policy           = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.alb.certificate_arn != null || var.domain != null
    error_message = "The load balancer has no certificate: set alb.certificate_arn to one from ACM in this region, or set domain, and one is made and renewed."
  }
  validation {
    condition     = var.alb.certificate_arn == null || var.domain == null
    error_message = "alb.certificate_arn and domain are both set: remove alb.certificate_arn, or remove domain and point your own DNS at the load balancer."
  }
  validation {
    condition     = !var.alb.internal || !contains(coalesce(var.alb.ingress_cidrs, []), "0.0.0.0/0")
    error_message = "An internal load balancer is opened to 0.0.0.0/0: list your private networks in alb.ingress_cidrs, or leave it out for the VPC alone."
  }
}

variable "artifacts_dir" {
  description = "Directory that `gwctl build lambda` wrote: openapi.json and one zip for each path. Null: dist/admin beside this module."
  type        = string
  default     = null

  validation {
    condition     = fileexists("${coalesce(var.artifacts_dir, "${path.root}/../dist/admin")}/openapi.json")
    error_message = "There is no openapi.json in artifacts_dir (default: dist/admin): run `gwctl build lambda`."
  }
}

variable "audit_log" {
  description = "The audit log: how long Firehose collects, how much a query may read, how long records are locked and kept. See modules/audit_log."
  type = object({
    delivery_seconds = optional(number, 300)
    query_limit_gib  = optional(number, 100)
    retention = optional(object({
      expire_days = optional(number, 2557)
      lock_days   = optional(number, 365)
      lock_mode   = optional(string, "GOVERNANCE")
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.production || var.audit_log.retention.lock_days >= 365
    error_message = "Audit records of a production must be locked for a year: set audit_log.retention.lock_days to 365 or more."
  }
  validation {
    condition     = var.production || var.audit_log.retention.lock_mode != "COMPLIANCE"
    error_message = "audit_log.retention.lock_mode is COMPLIANCE outside of production: nobody could delete the bucket before the lock ends. Use GOVERNANCE."
  }
}

variable "availability_zones" {
  description = "Two or three availability zones of the region."
  type        = list(string)
  nullable    = false

  validation {
    condition     = alltrue([for zone in var.availability_zones : startswith(zone, var.region)])
    error_message = "availability_zones names a zone of another region: all must begin with the value of region."
  }
}

variable "bedrock_guardrails" {
  description = "Opt-in: Bedrock guardrails by name; see modules/bedrock_guardrails. Empty is off."
  type = map(object({
    blocked_message = optional(string)
    blocked_words   = optional(list(string))
    content_filters = optional(map(string))
    denied_topics = optional(map(object({
      definition = string
      examples   = optional(list(string))
    })))
    pii = optional(map(string))
  }))
  default  = {}
  nullable = false
}

variable "cost_attribution" {
  description = "Opt-in: AWS budget, anomaly monitor and cost tags for this deployment; see modules/cost_attribution. Null is off."
  type = object({
    activate_tags = optional(set(string))
    anomaly_usd   = optional(number)
    budget = object({
      alert_percents = optional(list(number))
      monthly_usd    = number
    })
  })
  default = null
}

variable "domain" {
  description = "Host names in a Route 53 zone: `gateway`, and optionally `admin` for the admin API. Certificates and records are made for them. Null: bring your own certificate and DNS."
  type = object({
    admin   = optional(string)
    gateway = string
    zone_id = string
  })
  default = null
}

variable "emulated" {
  description = "Whether AWS is emulated on this machine: leaves out what the emulator cannot do. Point AWS_ENDPOINT_URL at it."
  type        = bool
  default     = false
  nullable    = false
}

variable "environment" {
  description = "Name of the environment: dev, staging, prod, local or another."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*[a-z0-9]$", var.environment)) && length("${var.prefix}-${var.environment}") <= 20
    error_message = "environment must be lower-case letters, digits and hyphens, and with prefix and a hyphen at most 20 characters: AWS limits names of load balancers and buckets. Shorten it."
  }
  validation {
    condition     = !strcontains("${var.environment}-", "-admin-")
    error_message = "environment cannot have -admin in it: the roles of another environment's workflows would reach it. Choose another name."
  }
}

variable "fallback_routing" {
  description = "Opt-in: routes with fallbacks, the Bedrock models that only they use, and an alarm when fallbacks serve often; see modules/fallback_routing. Null is off."
  type = object({
    alarm_per_minute   = optional(number)
    bedrock_model_arns = optional(list(string), [])
    routes = map(object({
      fallback_on = optional(list(number))
      targets = list(object({
        model    = string
        provider = string
      }))
      timeout_seconds = optional(number)
    }))
  })
  default = null

  validation {
    condition = (
      var.fallback_routing == null ||
      length(concat(try(var.fallback_routing.bedrock_model_arns, []), var.providers_access.bedrock_model_arns)) > 0 ||
      !anytrue(flatten([for route in values(try(var.fallback_routing.routes, {})) : [for target in route.targets : startswith(target.provider, "bedrock")]]))
    )
    error_message = "A route falls back to Bedrock, but tasks may call no Bedrock model: name the models in fallback_routing.bedrock_model_arns or providers_access.bedrock_model_arns."
  }
}

variable "github" {
  description = "Opt-in: roles for the workflows of one GitHub repository, by its ids that never change; see modules/github_oidc. `environment` is the GitHub environment whose jobs may apply, by default of this one's name; `oidc_provider_arn` is GitHub's provider where the account has it already. Null is off."
  type = object({
    environment       = optional(string)
    oidc_provider_arn = optional(string)
    repository = object({
      default_branch    = optional(string, "main")
      id                = string
      immutable_subject = optional(bool, true)
      name              = string
      owner             = string
      owner_id          = string
    })
  })
  default = null

  validation {
    condition     = var.github == null || var.state_bucket != null
    error_message = "The workflows' roles reach Terraform's state, but state_bucket is not set: `gwctl render` writes it from state.bucket of environment.yaml."
  }
}

variable "images" {
  description = "Images of the four containers, each by digest."
  type = object({
    agent     = string
    collector = string
    edge      = string
    gateway   = string
  })
  nullable = false

  validation {
    condition     = alltrue([for image in values(var.images) : can(regex("@sha256:[0-9a-f]{64}$", image))])
    error_message = "Not pinned: ${join(", ", [for name, image in var.images : "images.${name}" if !can(regex("@sha256:[0-9a-f]{64}$", image))])}. A tag can be moved to other content: write repository@sha256:<64 hex digits>, as `docker buildx imagetools inspect` shows it."
  }
  validation {
    condition     = !var.production || alltrue([for image in values(var.images) : startswith(image, "${var.account_id}.dkr.ecr.${var.region}.amazonaws.com/")])
    error_message = "A production must not depend on a public registry, which limits how often one NAT address may ask: ${join(", ", [for name, image in var.images : "images.${name}" if !startswith(image, "${var.account_id}.dkr.ecr.${var.region}.amazonaws.com/")])} must be in its own. Run `gwctl bootstrap` and `gwctl images mirror`, and write what it prints."
  }
}

variable "ledger" {
  description = "Opt-in daily copies of the tables by AWS Backup, and for how many days a replaced policy snapshot can be rolled back to; see modules/ledger."
  type = object({
    backup = optional(object({
      copy_to_vault_arn = optional(string)
      keep_days         = optional(number)
    }))
    snapshot_history_days = optional(number, 365)
  })
  default  = {}
  nullable = false
}

variable "multi_client" {
  description = "Opt-in: further machine clients by name, with the scopes they may ask for and the minutes their tokens live. Empty is off."
  type = map(object({
    scopes        = list(string)
    token_minutes = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setintersection(keys(var.multi_client), ["admin", "default"])) == 0
    error_message = "multi_client cannot replace the clients admin and default, which always exist: choose another name."
  }
}

variable "network" {
  description = "Address range, NAT gateways (`single` or `per_zone`), ranges that may use the VPC's endpoints, and WAF's limit of requests from one address in five minutes."
  type = object({
    cidr             = optional(string, "10.0.0.0/16")
    endpoint_clients = optional(list(string), [])
    nat              = optional(string, "per_zone")
    waf_rate_limit   = optional(number, 10000)
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.production || var.network.nat != "single"
    error_message = "A production with a single NAT gateway loses every provider when one zone fails: set network.nat = \"per_zone\"."
  }
}

variable "observability" {
  description = "Thresholds, who is told, how long logs are kept, what share of requests is traced; see modules/observability."
  type = object({
    alarms = optional(object({
      budget_refusals        = optional(number)
      error_minimum_requests = optional(number)
      error_percent          = optional(number)
      latency_p95_seconds    = optional(number)
      metering_lag_seconds   = optional(number)
      policy_age_seconds     = optional(number)
    }), {})
    emails         = optional(set(string), [])
    retention_days = optional(number, 365)
    trace_share    = optional(number, 0.05)
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.production || var.observability.retention_days >= 365
    error_message = "Logs of a production must be kept for a year: set observability.retention_days to 365 or more."
  }
  validation {
    condition     = !var.production || length(var.observability.emails) > 0
    error_message = "Nobody would learn of an alarm in this production: put an address into observability.emails."
  }
}

variable "prefix" {
  description = "What every resource name begins with, before the environment."
  type        = string
  default     = "gwctl"
  nullable    = false
}

variable "production" {
  description = "Whether people depend on it: turns on deletion protection and the guards that refuse unsafe settings."
  type        = bool
  nullable    = false

  validation {
    condition     = !(var.production && var.emulated)
    error_message = "An emulated AWS is no production: set production = false, or emulated = false."
  }
}

variable "providers_access" {
  description = "Provider ids whose keys are in Secrets Manager, and Bedrock models that tasks may call."
  type = object({
    bedrock_model_arns = optional(list(string), [])
    secrets            = optional(set(string), [])
  })
  default  = {}
  nullable = false
}

variable "providers_known" {
  description = "Provider documents that routes may name, without secrets; see modules/admin_api."
  type = list(object({
    azure_api_version = optional(string)
    azure_resource    = optional(string)
    base_url          = optional(string)
    id                = string
    kind              = string
    project           = optional(string)
    region            = optional(string)
  }))
  default  = []
  nullable = false
}

variable "region" {
  description = "AWS region."
  type        = string
  nullable    = false
}

variable "scaling" {
  description = "Number of tasks and when there should be more; see modules/compute."
  type = object({
    cpu_percent       = optional(number)
    maximum           = optional(number)
    minimum           = optional(number, 2)
    requests_per_task = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.production || var.scaling.minimum >= 2
    error_message = "A production with one task is down whenever that task is replaced: set scaling.minimum to 2 or more."
  }
}

variable "scope_prefix" {
  description = "What stands before the last slash in the scopes of tokens, a word or a URL: with `https://gateway.internal` clients ask for `https://gateway.internal/invoke`."
  type        = string
  default     = "gateway"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9_.:/-]*[A-Za-z0-9_.-])?$", var.scope_prefix)) && length(var.scope_prefix) <= 256
    error_message = "scope_prefix must be a word or a URL without a slash at its end, such as gateway or https://gateway.internal."
  }
}

variable "state_bucket" {
  description = "Bucket of this deployment's state, for the roles of `github`; `gwctl render` writes it from `state.bucket`."
  type        = string
  default     = null
}

variable "tags" {
  description = "Further tags of every resource, for example owner and cost centre."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(keys(var.tags), ["Deployment", "Environment", "ManagedBy"])) == 0
    error_message = "tags cannot set Deployment, Environment and ManagedBy, which are derived: remove them."
  }
}

variable "task" {
  description = "Size of a task; see modules/compute."
  type = object({
    architecture         = optional(string)
    cpu                  = optional(number)
    disk_gib             = optional(number)
    memory               = optional(number)
    trusted_custom_hosts = optional(list(string))
  })
  default  = {}
  nullable = false
}

variable "token_domain_prefix" {
  description = "First part of the token endpoint's host name. Null: name and account id."
  type        = string
  default     = null
}
