module "key" {
  source = "../key"

  context     = var.context
  description = "policy documents, ledger and policy snapshots"
  purpose     = "ledger"
}
