variable "access_logs" {
  description = "Bucket that receives the server access logs of this one, under `s3/<bucket name>/`. Null: none are kept."
  type = object({
    bucket = string
  })
  default = null
}

variable "force_destroy" {
  description = "Whether `terraform destroy` also deletes the objects. Leave it off where the objects matter."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key" {
  description = "KMS key for SSE-KMS. Null means SSE-S3 (AES-256), the only encryption that load balancers and S3 can deliver access logs to."
  type = object({
    arn = string
  })
  default = null

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key.arn)) || var.kms_key == null
    error_message = "kms_key.arn must be the ARN of a KMS key (arn:aws:kms:...), not its id or alias: pass aws_kms_key.<name>.arn."
  }
}

variable "lifecycle_days" {
  description = "Ages in days: current objects expire after `expire` (null: never), replaced versions after `expire_noncurrent`; `transitions` maps a storage class to the age at which objects move to it."
  type = object({
    expire            = optional(number)
    expire_noncurrent = optional(number, 90)
    transitions       = optional(map(number), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for age in values(var.lifecycle_days.transitions) : var.lifecycle_days.expire == null || age < coalesce(var.lifecycle_days.expire, age + 1)])
    error_message = "lifecycle_days: an object cannot move to a storage class after it has expired: make every age in transitions smaller than expire."
  }
}

variable "name" {
  description = "Name of the bucket, unique in the whole of AWS: put the account id and the region into it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 63 lower-case letters, digits and hyphens: shorten it or replace other characters."
  }
}

variable "object_lock" {
  description = "Default retention of every object. `GOVERNANCE` can be lifted by a principal with s3:BypassGovernanceRetention, `COMPLIANCE` by nobody, not even the account root. Null: no lock. Can only be chosen when the bucket is created."
  type = object({
    days = number
    mode = optional(string, "GOVERNANCE")
  })
  default = null

  validation {
    condition     = var.object_lock == null || contains(["COMPLIANCE", "GOVERNANCE"], try(var.object_lock.mode, ""))
    error_message = "object_lock.mode must be GOVERNANCE or COMPLIANCE."
  }
}

variable "policy_documents" {
  description = "Further policy documents (JSON), joined with the statements that refuse plain HTTP and TLS below 1.2."
  type        = list(string)
  default     = []
  nullable    = false
}
