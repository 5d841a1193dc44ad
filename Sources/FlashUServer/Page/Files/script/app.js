// Starts the page.
import { askAbout, restoreAnswers, startAsk } from "./ask.js";
import { restoreConversation, startChat } from "./chat.js";
import { restoreComparison, startCompare } from "./compare.js";
import { restoreDrawing, startDraw } from "./draw.js";
import { startFields } from "./fields.js";
import { startHistory } from "./history.js";
import { startIntake } from "./intake.js";
import { startKey } from "./key.js";
import { describe, startServer } from "./server.js";
import { startTabs } from "./tabs.js";
import { startTheme } from "./theme.js";

startTheme();
startFields();
startIntake();
startDraw(askAbout);
startCompare();
startAsk();
startChat();
startHistory({ draw: restoreDrawing, compare: restoreComparison, ask: restoreAnswers, chat: restoreConversation });
startTabs();
startKey(describe);
startServer();
