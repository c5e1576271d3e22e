-- Stands between scripts and Lua's own library: makes the globals, keeps them as they are, and lets nothing catch the error
-- that stops a run. It is compiled once and stripped, so that Lua reports no places in it.
--
-- Lua 5.1 has no tables that can't be changed. So what scripts see of the globals and libraries are empty tables that look
-- things up in the real ones, which scripts never get hold of; the functions that don't ask metatables are replaced.
local host, redis, redis_in_functions, redis_at_load, libraries = ...

local assert, error, getmetatable, ipairs, next, pairs, pcall = assert, error, getmetatable, ipairs, next, pairs, pcall
local rawequal, rawget, rawset, select, setfenv, setmetatable = rawequal, rawget, rawset, select, setfenv, setmetatable
local tonumber, tostring, type, unpack, xpcall = tonumber, tostring, type, unpack, xpcall
local loadstring, collectgarbage = loadstring, collectgarbage
local coroutine, string, table, math = coroutine, string, table, math
local create, resume = coroutine.create, coroutine.resume
local byte, sub, concat, insert, sort, floor = string.byte, string.sub, table.concat, table.insert, table.sort, math.floor
local placed, argument_fault, caught = host.placed, host.argument_fault, host.caught

-- Errors are raised here and not by functions of ours, of whose errors mlua describes the whole stack: that takes long.

local function raise(text)
  error(placed(text), 0)
end

local function raise_bare(text)
  error(text, 0)
end

local function argument_error(number, fault)
  error(argument_fault(number, fault), 0)
end

local function wrong_type(number, expected, ...)
  local got = select('#', ...) < number and 'no value' or type((select(number, ...)))
  argument_error(number, expected .. ' expected, got ' .. got)
end

-- What can't be changed.

local real = {}       -- what scripts see -> what it shows
local metatables = {} -- what scripts see -> the metatable that they see

local function refuse()
  raise('Attempt to modify a readonly table')
end

local function protect(shown)
  local seen = {}
  real[seen] = shown
  setmetatable(seen, { __index = shown, __newindex = refuse, __metatable = false })
  return seen
end

local function missing(_, name)
  raise("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'")
end

local of_strings = getmetatable('')

local base = {
  _VERSION = _VERSION, assert = assert, error = error, ipairs = ipairs, rawequal = rawequal, select = select,
  tonumber = tonumber, tostring = tostring, type = type, unpack = unpack,
}

function base.getmetatable(...)
  if select('#', ...) == 0 then argument_error(1, 'value expected') end
  local value = ...
  if real[value] then return metatables[value] end
  return getmetatable(value)
end

function base.setmetatable(...)
  local value, metatable = ...
  if type(value) ~= 'table' then wrong_type(1, 'table', ...) end
  if select('#', ...) < 2 or metatable ~= nil and type(metatable) ~= 'table' then
    argument_error(2, 'nil or table expected')
  end
  if real[value] then raise_bare('Attempt to modify a readonly table') end
  local old = getmetatable(value)
  if old ~= nil and (type(old) ~= 'table' or rawget(old, '__metatable') ~= nil) then
    -- Perhaps one that Lua protects; it says so better than we could.
    local works, fault = pcall(setmetatable, value, metatable)
    if not works then raise(fault) end
    return value
  end
  return setmetatable(value, metatable)
end

function base.rawget(...)
  local value, key = ...
  if type(value) ~= 'table' then wrong_type(1, 'table', ...) end
  if select('#', ...) < 2 then argument_error(2, 'value expected') end
  return rawget(real[value] or value, key)
end

function base.rawset(...)
  local value, key, new = ...
  if type(value) ~= 'table' then wrong_type(1, 'table', ...) end
  if select('#', ...) < 2 then argument_error(2, 'value expected') end
  if select('#', ...) < 3 then argument_error(3, 'value expected') end
  if real[value] then raise_bare('Attempt to modify a readonly table') end
  return rawset(value, key, new)
end

function base.next(...)
  local value, key = ...
  if type(value) ~= 'table' then wrong_type(1, 'table', ...) end
  return next(real[value] or value, key)
end

function base.pairs(...)
  local value = ...
  if type(value) ~= 'table' then wrong_type(1, 'table', ...) end
  if real[value] then return base.next, value, nil end
  return next, value, nil
end

-- Nothing catches a stopped run.

local function after_pcall(works, ...)
  if works then return true, ... end
  local fault = caught((...))
  -- As Redis's own pcall: a table with a text is replaced by the text.
  if type(fault) == 'table' then
    local text = fault.err
    if type(text) == 'string' or type(text) == 'number' then return false, text end
  end
  return false, fault
end

-- Functions of ours that scripts expect to fail, each with one that answers as pcall does. That one is called in a pcall, too:
-- memory can run out.
local quiet = host.quiet

local function after_quiet(works, answer, ...)
  if works then return answer, ... end
  return after_pcall(false, answer)
end

function base.pcall(...)
  if select('#', ...) == 0 then argument_error(1, 'value expected') end
  local instead = quiet[(...)]
  if instead then return after_quiet(pcall(instead, ...)) end
  return after_pcall(pcall(...))
end

local function after_xpcall(works, ...)
  if not works then host.check_stopped() end
  return works, ...
end

function base.xpcall(...)
  if select('#', ...) < 2 then argument_error(2, 'value expected') end
  local action, handler = ...
  return after_xpcall(xpcall(action, function(fault) return handler(caught(fault)) end))
end

local function after_resume(works, ...)
  if works then return true, ... end
  return false, caught((...))
end

local function after_wrapped(works, ...)
  if works then return ... end
  local fault = caught((...))
  if type(fault) == 'string' then raise(fault) end
  error(fault, 0)
end

local coroutines = { create = create, running = coroutine.running, status = coroutine.status, yield = coroutine.yield }

function coroutines.resume(...)
  if type((...)) ~= 'thread' then argument_error(1, 'coroutine expected') end
  return after_resume(resume(...))
end

function coroutines.wrap(...)
  local action = ...
  if type(action) ~= 'function' then argument_error(1, 'Lua function expected') end
  local made = create(action)
  return function(...) return after_wrapped(resume(made, ...)) end
end

-- Text becomes code, bytecode doesn't.

local environment -- of the code that runs

local function compile(code, name)
  -- Behind a space, what would be taken for bytecode is a wrong character.
  if byte(code, 1) == 27 then code = ' ' .. code end
  local made, fault = loadstring(code, name)
  if not made then return nil, fault end
  return setfenv(made, environment)
end

function base.loadstring(...)
  local code, name = ...
  if type(code) ~= 'string' and type(code) ~= 'number' then wrong_type(1, 'string', ...) end
  if name ~= nil and type(name) ~= 'string' and type(name) ~= 'number' then wrong_type(2, 'string', ...) end
  code = tostring(code)
  return compile(code, tostring(name or code))
end

function base.load(...)
  local read, name = ...
  if type(read) ~= 'function' then wrong_type(1, 'function', ...) end
  if name ~= nil and type(name) ~= 'string' and type(name) ~= 'number' then wrong_type(2, 'string', ...) end
  local pieces = {}
  local works, fault = pcall(function()
    while true do
      local piece = read()
      if piece == nil or piece == '' then return end
      if type(piece) ~= 'string' and type(piece) ~= 'number' then raise('reader function must return a string') end
      pieces[#pieces + 1] = piece
    end
  end)
  if not works then return nil, caught(fault) end
  return compile(concat(pieces), tostring(name or '=(load)'))
end

-- The collector's settings outlive a run, so scripts can't change them.

local settings = { stop = 0, restart = 0, setpause = 200, setstepmul = 200 }

function base.collectgarbage(...)
  local option, argument = ...
  if option == nil then option = 'collect' end
  if type(option) ~= 'string' then wrong_type(1, 'string', ...) end
  if option == 'count' then return collectgarbage('count') end
  if option == 'collect' or option == 'step' then
    host.spend(collectgarbage('count'))
    if option == 'collect' then return collectgarbage('collect') end
    return collectgarbage('step', type(argument) == 'number' and argument or 0)
  end
  local answer = settings[option]
  if not answer then argument_error(1, "invalid option '" .. option .. "'") end
  return answer
end

function base.gcinfo()
  return floor(collectgarbage('count'))
end

-- Tables.

local tables = {}
for name, found in pairs(table) do tables[name] = found end

local function insert_at(value, ...)
  local position, new = ...
  local count = select('#', ...)
  if type(value) ~= 'table' then wrong_type(1, 'table', value, ...) end
  if real[value] then raise_bare('Attempt to modify a readonly table') end
  if count == 1 then return insert(value, position) end
  if count ~= 2 then raise("wrong number of arguments to 'insert'") end
  if type(position) ~= 'number' and not tonumber(position) then wrong_type(2, 'number', value, ...) end
  return insert(value, position, new)
end

function tables.insert(value, position, ...)
  -- Nearly always something is appended, and then it's faster to see at once that it is.
  if position ~= nil and select('#', ...) == 0 and type(value) == 'table' and not real[value] then
    return insert(value, position)
  end
  if position == nil and select('#', ...) == 0 then
    if type(value) ~= 'table' then wrong_type(1, 'table', value) end
    raise("wrong number of arguments to 'insert'")
  end
  -- Not as a tail call, which would lose the name by which the function was called.
  insert_at(value, position, ...)
end

local function is_less(one, other)
  return one < other
end

function tables.sort(...)
  local value, order = ...
  if type(value) ~= 'table' then wrong_type(1, 'table', ...) end
  if order ~= nil and type(order) ~= 'function' then wrong_type(2, 'function', ...) end
  -- Lua counts no instructions while it compares for itself, and bad input makes it compare very often.
  if order == nil and #value > 4096 then order = is_less end
  return sort(value, order)
end

-- Strings: what matches patterns is ours, because Lua's can run for hours without an instruction, and out of stack.

local strings = {}
for name, found in pairs(string) do strings[name] = found end
for name, found in pairs(host.strings) do strings[name] = found end

local match_from = host.match_from

function strings.gmatch(...)
  local text, pattern = ...
  if type(text) ~= 'string' and type(text) ~= 'number' then wrong_type(1, 'string', ...) end
  if type(pattern) ~= 'string' and type(pattern) ~= 'number' then wrong_type(2, 'string', ...) end
  text, pattern = tostring(text), tostring(pattern)
  local position = 1
  local function after(start, stop, ...)
    if not start then return nil end
    -- After an empty match the next one begins a character later.
    position = start == stop and stop + 1 or stop
    return ...
  end
  return function()
    return after(match_from(text, pattern, position, true))
  end
end
strings.gfind = strings.gmatch

local function replaced_by_function(text, pattern, action, most)
  local pieces, count, position, length = {}, 0, 1, #text
  local is_anchored = byte(pattern, 1) == 94
  if is_anchored then pattern = sub(pattern, 2) end
  local is_table = type(action) == 'table'
  local function after(start, stop, ...)
    if not start then return false end
    count = count + 1
    if start > position then pieces[#pieces + 1] = sub(text, position, start - 1) end
    local new
    if is_table then new = action[(...)] else new = action(...) end
    if not new then
      new = sub(text, start, stop - 1)
    elseif type(new) ~= 'string' and type(new) ~= 'number' then
      raise('invalid replacement value (a ' .. type(new) .. ')')
    end
    pieces[#pieces + 1] = new
    position = stop
    if stop == start then
      if start > length then return false end
      pieces[#pieces + 1] = sub(text, start, start)
      position = start + 1
    end
    return true
  end
  while count < most and position <= length + 1 do
    if not after(match_from(text, pattern, position, not is_anchored)) or is_anchored then break end
  end
  pieces[#pieces + 1] = sub(text, position)
  return concat(pieces), count
end

function strings.gsub(...)
  local text, pattern, new, most = ...
  if type(text) ~= 'string' and type(text) ~= 'number' then wrong_type(1, 'string', ...) end
  if type(pattern) ~= 'string' and type(pattern) ~= 'number' then wrong_type(2, 'string', ...) end
  if most ~= nil and not tonumber(most) then wrong_type(4, 'number', ...) end
  text, pattern = tostring(text), tostring(pattern)
  most = most and floor(tonumber(most)) or #text + 1
  local kind = type(new)
  if kind == 'string' or kind == 'number' then
    return host.replace(text, pattern, tostring(new), most)
  elseif kind == 'function' or kind == 'table' then
    return replaced_by_function(text, pattern, new, most)
  end
  argument_error(3, 'string/function/table expected')
end

-- What scripts find.

of_strings.__index = strings
local seen_strings = protect(strings)
of_strings.__metatable = protect({ __index = seen_strings })

local maths = {}
for name, found in pairs(math) do maths[name] = found end
maths.random, maths.randomseed = host.random, host.randomseed

base.string = seen_strings
base.math = protect(maths)
base.table = protect(tables)
base.coroutine = protect(coroutines)
for name, found in pairs(libraries) do base[name] = protect(found) end

-- The globals of scripts and those of functions, each with a table that Lua knows as the globals of the code.
local function globals_with(shown)
  for name, found in pairs(base) do shown[name] = found end
  local seen = {}
  local metatable = { __index = shown, __newindex = refuse, __metatable = false }
  real[seen] = shown
  shown._G = seen
  setmetatable(shown, { __index = missing })
  metatables[seen] = protect({ __index = missing })
  setmetatable(seen, metatable)
  return shown, seen, metatable
end

local script_globals, seen_by_scripts = globals_with({
  redis = protect(redis), __redis__err__handler = host.describe,
})
local function_globals, seen_by_functions, of_functions = globals_with({ redis = protect(redis_in_functions) })
local load_globals = setmetatable(
  { redis = protect(setmetatable(redis_at_load, { __index = missing })) }, { __index = missing })

-- What the interpreter calls.

local remember = host.remember
local scripts, loaded = {}, {}
local entry = {}

function entry.compile(index, code)
  environment = seen_by_scripts
  local made, fault = compile(code, '@user_script')
  if not made then return fault end
  scripts[index] = made
end

function entry.forget_scripts()
  for index in pairs(scripts) do scripts[index] = nil end
end

function entry.run(index, keys, arguments)
  environment = seen_by_scripts
  script_globals.KEYS, script_globals.ARGV = keys, arguments
  local works, value = xpcall(scripts[index], remember)
  script_globals.KEYS, script_globals.ARGV = nil, nil
  return works, value
end

-- Answers the fault if the code can't be compiled; whether it ran well the run knows.
function entry.load(index, code, functions)
  environment = seen_by_functions
  loaded[index] = functions
  local made, fault = compile(code, '@user_function')
  if not made then return fault end
  of_functions.__index = load_globals
  xpcall(made, remember)
  of_functions.__index = function_globals
end

function entry.forget_library(index)
  loaded[index] = nil
end

function entry.call(index, position, keys, arguments)
  environment = seen_by_functions
  local action = loaded[index][position]
  return xpcall(function() return action(keys, arguments) end, remember)
end

return entry
