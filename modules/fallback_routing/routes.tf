locals {
  # Route documents as gwctl.policy.documents.Route reads them. Terraform does not write policy: `gwctl routing apply`
  # does, through the admin API, which checks, compiles and audits them.
  documents = {
    for alias, route in var.routes : alias => {
      id              = alias
      description     = "Fallback route of ${var.context.name}."
      fallback_on     = route.fallback_on
      strategy        = "ordered"
      targets         = [for target in route.targets : { provider = target.provider, model = target.model }]
      timeout_seconds = route.timeout_seconds
    }
  }
}
