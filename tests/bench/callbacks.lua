-- Sends pre-signed callbacks, each once: file of lines as sign_callbacks.mjs writes them, how many parts
-- it is in (one a thread), the header Connection.
local threads = 0

function setup(thread)
    thread:set("part", threads)
    threads = threads + 1
end

function init(args)
    local parts = tonumber(args[2] or "1")
    requests = {}
    local line_no = 0
    for line in io.lines(args[1]) do
        if line_no % parts == part then
            local headers, body = {["Connection"] = args[3]}, line:match("[^\t]*$")
            for name, value in line:gmatch("([^\t:]*): ([^\t]*)\t") do
                headers[name] = value
            end
            requests[#requests + 1] = wrk.format("POST", nil, headers, body)
        end
        line_no = line_no + 1
    end
    next_request = 0
end

function request()
    next_request = next_request + 1
    if next_request > #requests then -- all sent: what follows are duplicates, and they count for nothing
        wrk.thread:stop()
        next_request = 1
    end
    return requests[next_request]
end
