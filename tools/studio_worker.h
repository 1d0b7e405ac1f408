/* The process that paints one job. It gets one line of JSON, {"order", "device", "content", "styles", "initial", "network", "begun", "state_bytes"},
 * then commands, and answers in lines: {"started"}, {"progress"}, {"paused"}, {"note", "code"}, and at the end {"ended": "done" or "stopped"} or
 * {"failed": message, "code"}. The pictures go to the job's folder: live.jpg while it paints, picture.png, picture.jpg and thumb.jpg at the end,
 * before.jpg for comparing; and so does what it goes on from when it is broken off, see studio_phase.h, unless that takes more than
 * "state_bytes". "begun" is what is known of a job that was: {"version", "seconds"}. */
#ifndef STUDIO_WORKER_H
#define STUDIO_WORKER_H

int studio_worker(const char *folder);

#endif
