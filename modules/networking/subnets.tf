locals {
  # Three quarters of the VPC for tasks, one per zone; the last quarter is cut in four for what faces outwards.
  zones = {
    for index, zone in var.availability_zones : zone => {
      private_cidr = cidrsubnet(var.cidr, 2, index)
      public_cidr  = cidrsubnet(cidrsubnet(var.cidr, 2, 3), 2, index)
    }
  }
}

resource "aws_subnet" "private" {
  for_each = local.zones

  availability_zone       = each.key
  cidr_block              = each.value.private_cidr
  map_public_ip_on_launch = false
  vpc_id                  = aws_vpc.this.id

  tags = { Name = "${var.context.name}-private-${each.key}" }
}

resource "aws_subnet" "public" {
  for_each = local.zones

  availability_zone       = each.key
  cidr_block              = each.value.public_cidr
  map_public_ip_on_launch = false
  vpc_id                  = aws_vpc.this.id

  tags = { Name = "${var.context.name}-public-${each.key}" }
}
