/** The same stories as in haproxy.test.ts, with the image's HAProxy: 3.0, read-only, as nobody. */
import { startTestContainer } from "../support/proxy-container.ts";
import { describeAllocators } from "./allocators.suite.ts";
import { describeAnswers } from "./answers.suite.ts";
import { describeRequests } from "./requests.suite.ts";
import { describeRouting } from "./routing.suite.ts";
import { describeSockets } from "./sockets.suite.ts";

describeRouting(startTestContainer);
describeRequests(startTestContainer, 92);
describeSockets(startTestContainer, 92);
describeAnswers(startTestContainer, 92);
describeAllocators(startTestContainer);
