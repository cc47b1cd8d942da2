# Cost Explorer can group by a tag only once it is activated, which only the organisation's paying account may do.
resource "aws_ce_cost_allocation_tag" "this" {
  for_each = var.context.emulated ? [] : var.activate_tags

  tag_key = each.value
  status  = "Active"
}
