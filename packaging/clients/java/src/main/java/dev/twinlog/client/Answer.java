package dev.twinlog.client;

/** What became of an event. The status is one of the agent's stored, duplicate, conflict and rejected, or this side's dropped. */
public record Answer(String status, String logId, String field, String reason, Object context) {}
