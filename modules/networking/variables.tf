variable "access_logs_bucket" {
  description = "Bucket that receives the load balancer's access logs under `alb/`."
  type        = string
  nullable    = false
}

variable "alb" {
  description = "The load balancer. `drain_seconds` is how long a stream may go on in a task that is being replaced; `idle_timeout_seconds` is how long a stream may be silent; `ingress_cidrs` who may connect (null: everybody, or the VPC if the load balancer is internal)."
  type = object({
    certificate_arn      = string
    deletion_protection  = optional(bool, true)
    drain_seconds        = optional(number, 300)
    idle_timeout_seconds = optional(number, 660)
    ingress_cidrs        = optional(list(string))
    internal             = optional(bool, false)
    tls_policy           = optional(string, "ELBSecurityPolicy-TLS13-1-3-2021-06")
  })
  nullable = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:(acm|iam):", var.alb.certificate_arn))
    error_message = "alb.certificate_arn must be the ARN of a certificate in ACM in this region: request one for the gateway's host name and give its ARN."
  }
  validation {
    condition     = var.alb.idle_timeout_seconds >= 300 && var.alb.idle_timeout_seconds <= 4000
    error_message = "alb.idle_timeout_seconds must be 300 to 4000: a reasoning model can be silent for minutes, and AWS allows no more than 4000."
  }
  validation {
    condition     = var.alb.drain_seconds >= 60 && var.alb.drain_seconds <= 3600
    error_message = "alb.drain_seconds must be 60 to 3600: shorter cuts streams at each deployment, longer AWS does not allow."
  }
  validation {
    condition     = contains(["ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-3-2021-06"], var.alb.tls_policy)
    error_message = "alb.tls_policy must be ELBSecurityPolicy-TLS13-1-3-2021-06 (TLS 1.3 only) or, for clients that are too old for it, ELBSecurityPolicy-TLS13-1-2-Res-2021-06 (1.3, and 1.2 with forward secrecy)."
  }
  validation {
    condition     = var.alb.ingress_cidrs == null || try(length(var.alb.ingress_cidrs) > 0 && alltrue([for cidr in var.alb.ingress_cidrs : can(cidrhost(cidr, 0))]), false)
    error_message = "alb.ingress_cidrs must name at least one IPv4 range such as 203.0.113.0/24: correct the entry that is none."
  }
}

variable "availability_zones" {
  description = "Two or three availability zones of the region, by name."
  type        = list(string)
  nullable    = false

  validation {
    condition     = contains([2, 3], length(distinct(var.availability_zones)))
    error_message = "availability_zones must name two or three different zones: a load balancer needs two, the address plan has room for three."
  }
}

variable "cidr" {
  description = "Address range of the VPC. Three quarters are for private subnets, the rest for public ones."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 22, false)
    error_message = "cidr must be an IPv4 range from /16 to /22, for example 10.20.0.0/16: AWS allows none larger, and smaller ones leave no room for tasks."
  }
}

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

variable "endpoint_clients" {
  description = "Further address ranges that may use the interface endpoints, for example a VPN that reaches a private admin API."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.endpoint_clients : can(cidrhost(cidr, 0)) && !endswith(cidr, "/0")])
    error_message = "endpoint_clients must hold IPv4 ranges such as 10.8.0.0/16, and not everybody: correct the entry that is none or ends in /0."
  }
}

variable "extra_endpoints" {
  description = "Interface endpoints beyond those a task needs to start: `bedrock-runtime` keeps calls to Bedrock off the NAT gateway, `execute-api` is the way to a private admin API."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.extra_endpoints, ["bedrock-runtime", "execute-api"])) == 0
    error_message = "extra_endpoints may hold bedrock-runtime and execute-api: remove the others."
  }
}

variable "logs" {
  description = "Key and retention of the flow and WAF log groups."
  type = object({
    kms_key_arn    = string
    retention_days = optional(number, 365)
  })
  nullable = false
}

variable "nat" {
  description = "`single`: one NAT gateway, cheaper, and a failing zone takes the way out with it. `per_zone`: one in each zone."
  type        = string
  default     = "per_zone"
  nullable    = false

  validation {
    condition     = contains(["per_zone", "single"], var.nat)
    error_message = "nat must be \"single\" or \"per_zone\"."
  }
}

variable "waf_rate_limit" {
  description = "Requests that one address may send in five minutes before WAF answers 429."
  type        = number
  default     = 10000
  nullable    = false

  validation {
    condition     = var.waf_rate_limit >= 100 && var.waf_rate_limit <= 2000000000
    error_message = "waf_rate_limit must be 100 to 2000000000 requests in five minutes: WAF accepts no other number."
  }
}
