-- SHA-256 (FIPS 180-4). In: a string. Out: 64 hexadecimal digits. A text of the length of a key takes two blocks.

local band, bnot, bxor, ror, rshift, tobit, tohex =
  bit.band, bit.bnot, bit.bxor, bit.ror, bit.rshift, bit.tobit, bit.tohex

-- The first 32 bits of the fractional part of a number.
local function fraction(number)
  return tobit(math.floor((number % 1) * 4294967296))
end

-- Section 4.2.2 and 5.3.3: of the cube and square roots of the first primes.
local K, START = {}, {}
do
  local candidate = 2
  while #K < 64 do
    local prime = true
    for divisor = 2, math.floor(math.sqrt(candidate)) do
      prime = prime and candidate % divisor ~= 0
    end
    if prime then
      K[#K + 1] = fraction(candidate ^ (1 / 3))
      if #START < 8 then
        START[#START + 1] = fraction(math.sqrt(candidate))
      end
    end
    candidate = candidate + 1
  end
end

local w = {} -- the message schedule, used again for each block

local function add_block(text, from, h)
  for i = 0, 15 do
    local a, b, c, d = text:byte(from + i * 4, from + i * 4 + 3)
    w[i] = tobit(a * 16777216 + b * 65536 + c * 256 + d)
  end
  for i = 16, 63 do
    local x, y = w[i - 15], w[i - 2]
    local s0 = bxor(ror(x, 7), ror(x, 18), rshift(x, 3))
    local s1 = bxor(ror(y, 17), ror(y, 19), rshift(y, 10))
    w[i] = tobit(w[i - 16] + s0 + w[i - 7] + s1)
  end
  local a, b, c, d, e, f, g, last = unpack(h)
  for i = 0, 63 do
    local s1 = bxor(ror(e, 6), ror(e, 11), ror(e, 25))
    local one = tobit(last + s1 + bxor(band(e, f), band(bnot(e), g)) + K[i + 1] + w[i])
    local s0 = bxor(ror(a, 2), ror(a, 13), ror(a, 22))
    local two = tobit(s0 + bxor(band(a, b), band(a, c), band(b, c)))
    last, g, f, e, d, c, b, a = g, f, e, tobit(d + one), c, b, a, tobit(one + two)
  end
  for i, each in ipairs({ a, b, c, d, e, f, g, last }) do
    h[i] = tobit(h[i] + each)
  end
end

return function(text)
  local length = #text
  local high, low = math.floor(length / 536870912), length * 8 % 4294967296
  local padded = text .. "\128" .. ("\0"):rep((55 - length) % 64)
  for _, number in ipairs({ high, low }) do
    for shift = 24, 0, -8 do
      padded = padded .. string.char(math.floor(number / 2 ^ shift) % 256)
    end
  end
  local h = { unpack(START) }
  for from = 1, #padded, 64 do
    add_block(padded, from, h)
  end
  for i = 1, 8 do
    h[i] = tohex(h[i])
  end
  return table.concat(h)
end
