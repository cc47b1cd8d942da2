module "key" {
  source = "../key"

  context     = var.context
  description = "audit records"
  purpose     = "audit"
}
