# TFLint's own rules for Terraform; those of its AWS plugin are left to Checkov and to `terraform validate`, because the
# plugin comes from a place that an offline build cannot reach.
plugin "terraform" {
  enabled = true
  preset  = "all"
}

# The order of standard files is ours: one file an entity, see docs/adr.
rule "terraform_standard_module_structure" {
  enabled = false
}
