import { startTestProxy } from "../support/proxy.ts";
import { describeAllocators } from "./allocators.suite.ts";
import { describeAnswers } from "./answers.suite.ts";
import { describeRequests } from "./requests.suite.ts";
import { describeRouting } from "./routing.suite.ts";
import { describeSockets } from "./sockets.suite.ts";

describeRouting(startTestProxy);
describeRequests(startTestProxy, 92);
describeSockets(startTestProxy, 92);
describeAnswers(startTestProxy, 92);
describeAllocators(startTestProxy);
