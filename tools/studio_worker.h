/* The process that paints one job. It gets one line of JSON, {"order", "device", "content", "styles", "initial", "network"}, then commands, and
 * answers in lines: {"started"}, {"progress"}, {"paused"}, {"note"}, and at the end {"ended": "done" or "stopped"} or {"failed": message}. The
 * pictures go to the job's folder: live.jpg while it paints, picture.png, picture.jpg and thumb.jpg at the end, before.jpg for comparing. */
#ifndef STUDIO_WORKER_H
#define STUDIO_WORKER_H

int studio_worker(const char *folder);

#endif
