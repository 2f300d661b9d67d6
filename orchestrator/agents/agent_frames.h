#pragma once

#include <string>
#include <string_view>

#include "orchestrator/agents/agent_news.h"
#include "orchestrator/agents/agent_task.h"
#include "orchestrator/streams/entry_view.h"

namespace devs {

// The bytes of the streams of streams 5.  Pure: the same for an entry that comes live and
// one that is replayed.  `card`: of the task the entry belongs to; null: not known.

// TK: chunk, progress, complete and error of one entry; the last frame has its `id`.
// Nothing for an entry that says nothing of a task.
void append_agent_frames(std::string& out, const AgentTaskCard* card, const EntryView& entry,
                         std::string_view id);

// TP: the state an entry leaves the task in; nothing for one that does not tell it.
void append_progress_frame(std::string& out, const EntryView& entry, std::string_view id);
// The state as it is, as TP's data: what a fresh reader is told first.
std::string progress_json(std::string_view task_id, const AgentTaskState& state);

// AD: one entry as the admin stream and the history show it.
std::string admin_record(const AgentTaskCard* card, const EntryView& entry);

// {orgSlug,userId,conversationId,taskId,planId,deliverableId,agentSlug,agentType,provider,
// model,sovereignMode?}: ids that are not known are the nil UUID, names are empty.
std::string agent_context(const AgentTaskCard* card, const EntryView& entry);

}  // namespace devs
